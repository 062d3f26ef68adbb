"""What plugins for pictures share. No plugin itself: it contributes nothing to a host."""
