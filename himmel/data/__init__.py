"""Training data: where it came from, how it lies on disk, how it is read back."""

__all__: list[str] = []
