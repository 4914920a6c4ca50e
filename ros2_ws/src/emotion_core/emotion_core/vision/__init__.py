"""Finding, following and cropping faces in pictures, and the pictures' sources."""
