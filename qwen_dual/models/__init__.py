"""What answers: adapters behind ``core.model.Model``.

* ``phrases``: a prompt for the offline model to the calls it asks for; pure.
* ``offline``: the model that needs no network and no key.
* ``script``: plays replies from a file, for a host's own tests.
"""
