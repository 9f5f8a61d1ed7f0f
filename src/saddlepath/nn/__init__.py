"""Neural networks themselves: one supervised trainer, its parts, and studies of what networks can and cannot do."""
