"""Published standards as dated, cited rule packs, and how far an agency is from each."""
