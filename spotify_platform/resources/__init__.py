"""Resources: the connections that assets use, each opened when it is used and not when definitions load."""
