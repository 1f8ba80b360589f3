### barrier:pods can run on every node on cp1: probe
:
