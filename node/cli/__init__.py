"""The command ``openhouse``: a thin client of the running node, and what starts one.

Client commands must start fast: they import the standard library, the sentences and
nothing of the node's engine, network or cryptography.
"""
