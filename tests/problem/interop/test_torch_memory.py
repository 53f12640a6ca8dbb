"""Which tensors share memory, beside a judge that writes into one and looks at the other."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared import torch_zoo as zoo
from theorycheck.problem.interop.torch_memory import overlap, overlaps_itself

pytestmark = pytest.mark.torch

torch: Any = zoo.torch

_SIDES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 7)), min_size=1, max_size=2)


@st.composite
def views(draw: st.DrawFn, memory: Any) -> Any:
    """A strided view of some memory, maybe as numbers of another width."""
    sides = draw(_SIDES)
    offset = draw(st.integers(0, 20))
    base = memory.view(draw(st.sampled_from([torch.int8, torch.int16, torch.int32])))
    shape, strides = zip(*sides, strict=True)
    last = offset + sum((n - 1) * stride for n, stride in sides if n)
    return base.as_strided(shape, strides, offset if last < len(base) else 0)


@given(st.data())
@settings(max_examples=300)
def test_tensors_share_memory_if_writing_into_one_changes_the_other(data: st.DataObject):
    memory = torch.zeros(256, dtype=torch.int8)
    one, other = data.draw(views(memory)), data.draw(views(memory))
    memory.zero_()
    one.fill_(-1) if one.numel() else None
    shared = bool(other.ne(0).any())
    found = overlap({"one": one, "other": other})
    assert found == (("one", "other") if shared else None)


@given(st.data())
@settings(max_examples=200)
def test_a_tensor_overlaps_itself_if_it_has_fewer_places_than_entries(data: st.DataObject):
    memory = torch.zeros(256, dtype=torch.int8)
    view = data.draw(views(memory))
    view.fill_(-1) if view.numel() else None
    places = int(memory.ne(0).sum()) // view.element_size()
    assert overlaps_itself(view) == (places < view.numel())
