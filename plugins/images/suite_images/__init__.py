"""What plugins for images share. No plugin itself: it contributes nothing to a host."""
