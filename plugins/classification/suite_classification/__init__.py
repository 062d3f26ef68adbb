"""What plugins that classify anything share. No plugin itself: it contributes nothing to a host."""
