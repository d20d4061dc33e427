"""A market maker and a noise taker: clients of the public REST API, as any user's bot would be."""
