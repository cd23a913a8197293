"""What schemathesis cannot know of itself: how a filter in CQL2 text looks."""

import schemathesis
from hypothesis import strategies as st

conditions = st.sampled_from([
    "TRUE",
    "NOT FALSE",
    "geometry IS NOT NULL",
    "S_INTERSECTS(geometry, BBOX(14, 59, 16, 61))",
    "S_INTERSECTS(geometry, POINT(15.2 59.6))",
])
filters = st.lists(conditions, min_size=1, max_size=4).map(" AND ".join)
schemathesis.openapi.format("cql2-text", filters)
