"""The description of the HTTP interface: a table of operations, the OpenAPI document made from it,
and the page that shows it."""
