"""A FATE cluster in small: FATE-Flow (1.4.4, 1.11.2, 2.2), rollsite, and FATE-Serving, with the standard library only.

It answers as the real ones were recorded: HTTP 200 on errors, empty keys left out, asynchronous uploads and jobs, rows
of a party's own roles only. It trains for real (``learning.py``), so metrics, weights and scores are functions of the
tables. Between its own parts it speaks plain HTTP with JSON where FATE speaks gRPC; a model travels as base64 of JSON
where FATE has protobuf.

Entry points (``python3 -m simulator ROLE …`` with this folder's parent in PYTHONPATH; see ``__main__.py``)::

    flow       9380 for clients, 9360 for other parties; reads server_conf.json (servers.proxy, servers.servings)
    rollsite   gateway between parties: 9370; reads route_table.json and eggroll.properties (its own party id)
    serving-server   8000; reads serving-server.properties (proxy, model.transfer.url, feature.single.adaptor)
    serving-proxy    8059 for clients, 8869 for other parties, 8879 for its own server; reads application.properties
                     (coordinator; 9999 when it is missing) and route_table.json
    stub       listens on the ports given and says nothing: mysql, redis, clustermanager, nodemanager, fateboard, client
"""
