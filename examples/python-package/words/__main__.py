import sys

from words import count

print(count(sys.stdin.read()))
