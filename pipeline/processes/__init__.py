"""Processes that render parts of a film beside this one, which reads, analyses, marks and writes it.

Python lets one thread of a process work at a time, and most of rendering is steps of a few microseconds: threads of one
process hardly use more than one core and a half, whatever the machine has.
"""
