"""Reports: what a bundle holds, counted for people, and which control of a standard each part answers.

In: entries as they go by. Out: HTML and PDF with the same charts. A report proves nothing; the bundle does.
"""
