"""All forgers of certificates, by kind."""

from __future__ import annotations

from . import (
    forge_graded,
    forge_layers,
    forge_piecewise,
    forge_plans,
    forge_ranks,
    forge_readout,
    forge_relu,
    forge_solutions,
)
from .forge_layers import Forger

FORGERS: dict[str, Forger] = {
    forger.__name__: forger
    for forger in (
        forge_layers.degree_count, forge_layers.support_count, forge_layers.bottleneck,
        forge_layers.cycle, forge_layers.forest, forge_layers.two_dimensions,
        forge_layers.rectangle, forge_layers.peeling_order, forge_layers.assignment,
        forge_layers.two_forests, forge_layers.block_forests, forge_layers.colouring,
        forge_layers.frozen_direct_path, forge_graded.graded_plan, forge_ranks.outside_count,
        forge_ranks.full,
        forge_ranks.count, forge_ranks.deficient_rank, forge_ranks.full_rank,
        forge_ranks.real_full_rank, forge_ranks.real_deficient_rank,
        forge_ranks.affine_full_rank, forge_ranks.structural_cover, forge_ranks.group_bezout,
        forge_ranks.triangular, forge_solutions.sub_allocation, forge_solutions.peeled,
        forge_solutions.plan, forge_plans.levels, forge_plans.drawn_plan,
        forge_plans.deep_levels,
        forge_solutions.witness, forge_solutions.odd_degree, forge_relu.relu_count,
        forge_relu.relu_cover, forge_relu.relu_patterns, forge_relu.relu_point,
        forge_relu.relu_bounded_output, forge_relu.relu_missed_sample,
        forge_relu.relu_interpolation, forge_readout.readout_rank,
        forge_readout.real_readout_rank,
        forge_readout.interpolating_units, forge_readout.solving_order,
        forge_readout.resting_units,
        forge_readout.one_sided_output, forge_readout.bounded_readout,
        forge_readout.missed_signs, forge_readout.onto_layers,
        forge_piecewise.piecewise_cover, forge_piecewise.piecewise_point,
        forge_piecewise.piecewise_output,
    )
}  # fmt: skip
