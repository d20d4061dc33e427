"""The roles as processes: each runs alone with a configuration, or as a child of the supervisor.

Promise: a role says on its lifeline when it does its work, ends by itself at SIGTERM within the
time that the supervisor gives it, and at once when the supervisor is gone.
"""
