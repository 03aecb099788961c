"""Flatmates: several homes of one computer, in one process, behind one door and one page."""
