"""What measures: figures that were seen, on a machine that is named."""
