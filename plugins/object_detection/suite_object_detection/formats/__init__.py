"""Predictions in other forms than lines: images with boxes, COCO's results."""
