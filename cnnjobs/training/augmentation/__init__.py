"""What augmentation does to training images: a module a family of transforms, `transforms` draws and applies them."""
