"""Whole beats as the columns of one program: priced, cut, listed, chosen. Its LP solver has a process of its own."""
