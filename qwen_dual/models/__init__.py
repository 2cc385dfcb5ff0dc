"""What answers: adapters behind ``core.models.model.Model``.

Services:

* ``config``: what is known of a model; ``connect``: the adapter for it, ``deferred``: the same when
  it is needed; ``windows``: context windows by name.
* ``translate``: what a protocol is to the transport. ``openai``, ``anthropic`` and
  ``gemini`` (each with its ``_options`` and its ``_reader``) are the three.
* ``conversation``: a conversation as any service takes it; ``signatures``: whose reasoning goes back
  to whom; ``endings``: how an answer can end badly; ``untrusted``: values as a service sent them.
* ``remote``: connection, retries and time limits; ``answer_stream`` reads the body, ``sse`` its
  events; ``endpoint`` is where it goes. ``failures``, ``causes`` and ``service_errors`` say what
  went wrong.

Without a service:

* ``offline``: the model that needs no network and no key; ``phrases``: a prompt to its calls; pure.
* ``script``: plays replies from a file, for a host's own tests.
"""
