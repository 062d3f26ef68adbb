"""Random changes of training images: settings, and what each of them does to a batch."""
