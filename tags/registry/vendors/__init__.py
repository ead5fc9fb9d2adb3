"""The registries that tell many digests at once, or list their repositories in a way of their own: one file each."""
