"""How a cleaned text becomes the arrays that a network takes."""
