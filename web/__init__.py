"""The door for whoever comes over HTTP: health, metrics and the webhooks of both services.

It knows no handlers, no rows and neither service's library; what it needs is handed in.
"""
