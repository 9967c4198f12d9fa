"""Starts LocalStack bound to 127.0.0.1: it honours the host of GATEWAY_LISTEN for IPv6 only, and takes 0.0.0.0 otherwise."""

from functools import partial

from twisted.internet import endpoints

endpoints.TCP4ServerEndpoint = partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")

from localstack.runtime import main  # noqa: E402  (only after the endpoint is narrowed)

if __name__ == "__main__":
    main.main()
