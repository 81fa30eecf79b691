"""How this party becomes, stays and ceases to be one of several: invitation, keys, peers, its agent's start."""
