"""The protocol described for others: a page for people, AsyncAPI and OpenRPC for programs.

All three are made from the schemas, so a schema file that is dropped in is in all of them.
"""
