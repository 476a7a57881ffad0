"""A strict test double of the AWS services that Gantry drives.

One port on 127.0.0.1 answers STS, IAM, Cognito user pools, Bedrock AgentCore (control and data
plane), CloudWatch Logs, ECR and Secrets Manager.  Every request must carry a valid SigV4 signature
and must fit botocore's service model; the resources behave as the services do over time (status
machines, IAM propagation, deletion order, resets by partial updates, paging).

It shares no code with Gantry, so that nobody marks their own homework.  What is not modelled is
refused with HTTP 400 and named in the log.

Start it with::

    PYTHONPATH=tests/support python -m strict_cloud --port 5600

A behaviour's source is given as "AWS: page or API" (documentation or service model), "observed"
(seen against the live service and reported by its users) or "guess".
"""
