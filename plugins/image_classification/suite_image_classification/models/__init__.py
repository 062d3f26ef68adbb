"""The networks of image classification: uint8 pictures in, float32 logits out."""
