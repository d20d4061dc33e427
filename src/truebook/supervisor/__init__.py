"""`truebook up`: the processes of the exchange on one machine, started, kept running, stopped."""
