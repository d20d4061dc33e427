"""What a process tells of itself: health, figures, for people and for Prometheus."""
