"""What is sent and received over HTTP, as types: the code is checked against them, and the OpenAPI
document is made from them (api/openapi)."""
