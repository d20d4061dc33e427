"""Order entry by websocket: one signature a session, requests and answers on one connection."""
