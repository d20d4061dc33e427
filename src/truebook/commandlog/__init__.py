"""The one durable order of commands, and the bus that carries what is made from it."""
