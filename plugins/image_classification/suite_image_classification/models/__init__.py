"""The networks of image classification: uint8 images in, float32 logits out."""
