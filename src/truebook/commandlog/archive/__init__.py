"""The archive: every entry of the log since genesis, in files that prove themselves."""
