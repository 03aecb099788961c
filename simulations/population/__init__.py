"""The population model: the rules as arrays, for a hundred thousand to ten million members.

Everything here needs the extra ``openhouse[sim]`` (numba, numpy, pyarrow), and nothing
outside this package imports those: the node never does.

Spec: §7.2, §11.3, §12.
"""
