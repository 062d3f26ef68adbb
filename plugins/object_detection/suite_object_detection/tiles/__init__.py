"""Large images in tiles: how they are cut, and how what is found in them is put together."""
