"""A websocket server that fans channels of the bus out to subscribers: channels and bytes."""
