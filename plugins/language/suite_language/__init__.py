"""What plugins for speech and text share. No plugin itself: it contributes nothing to a host."""
