"""Published schemas that what we tell is held against; each says where it is from."""
