"""Backups: an exchange in a folder, taken while it runs, and an exchange made of one."""
