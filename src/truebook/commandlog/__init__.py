"""The one durable order of all commands, and the bus that carries what is made of it."""
