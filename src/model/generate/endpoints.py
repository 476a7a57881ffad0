"""Host names per service, found by asking botocore's endpoint rules for every known region."""

import botocore.endpoint_provider

import tables

PARTITION_FIELDS = (
    ("id", lambda entry: entry["id"]),
    ("region_pattern", lambda entry: entry["regionRegex"]),
    ("dns_suffix", lambda entry: entry["outputs"]["dnsSuffix"]),
    ("dual_stack_dns_suffix", lambda entry: entry["outputs"]["dualStackDnsSuffix"]),
    ("global_region", lambda entry: entry["outputs"]["implicitGlobalRegion"]),
)


def resolve(provider, region):
    """(host, signing region) as the rules give them."""
    endpoint = provider.resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False)
    scheme, _, host = endpoint.url.partition("://")
    assert scheme == "https" and "/" not in host, endpoint.url
    schemes = endpoint.properties.get("authSchemes", [])
    signing = [entry.get("signingRegion") for entry in schemes if entry["name"] == "sigv4"]
    return host, signing[0] if signing and signing[0] else region


def templates(region, suffix, answer):
    """The forms that an answer may be an instance of, the most literal one first."""
    host, signing = answer
    host = host.removesuffix(suffix) + "{suffix}" if host.endswith("." + suffix) else host
    regional = ".".join("{region}" if label == region else label for label in host.split("."))
    return [(host, signing), (regional, None if signing == region else signing)]


def render(template, region, suffix):
    host, signing = template
    return host.replace("{region}", region).replace("{suffix}", suffix), signing or region


def best(answers):
    """The template that is right for most of {(region, suffix): answer}."""
    candidates = []
    for (region, suffix), answer in answers.items():
        candidates += [form for form in templates(region, suffix, answer)
                       if form not in candidates]
    return max(candidates, key=lambda form: sum(
        render(form, *where) == answer for where, answer in answers.items()))


def service_rules(service, rules, partitions):
    """Rows (partition, region, host, signing region), from special to general; None: any."""
    provider = botocore.endpoint_provider.EndpointProvider(rules, partitions)
    by_partition = {}
    for entry in sorted(partitions["partitions"], key=lambda entry: entry["id"]):
        regions = [name for name in sorted(entry["regions"]) if not name.endswith("-global")]
        suffix = entry["outputs"]["dnsSuffix"]
        by_partition[entry["id"]] = {
            (region, suffix): resolve(provider, region) for region in regions}
    general = best({where: answer for answers in by_partition.values()
                    for where, answer in answers.items()})
    exact, wide = [], []
    for partition, answers in by_partition.items():
        usual = general
        if any(render(general, *where) != answer for where, answer in answers.items()):
            usual = best(answers)
        if usual != general:
            wide.append((partition, None, *usual))
        exact += [(partition, where[0], *templates(*where, answer)[0])
                  for where, answer in answers.items() if render(usual, *where) != answer]
    return [*exact, *wide, (None, None, *general)]


def source(loader, services):
    partitions = loader.load_data("partitions")
    lines = ['#include "../endpoint_rules.h"', "", "#include <stddef.h>", "",
             "const struct gt_partition gt_partitions[] = {"]
    for entry in sorted(partitions["partitions"], key=lambda entry: entry["id"]):
        row = tables.fields(**{key: tables.quote(get(entry)) for key, get in PARTITION_FIELDS})
        lines.append(f"    {{{row}}},")
    lines += ["    {.id = NULL},", "};", "", "const struct gt_host_rule gt_host_rules[] = {"]
    for service in services:
        rules = loader.load_service_model(service, "endpoint-rule-set-1")
        for partition, region, host, signing in service_rules(service, rules, partitions):
            row = tables.fields(
                service=tables.quote(service),
                partition=partition and tables.quote(partition),
                region=region and tables.quote(region),
                host=tables.quote(host),
                signing_region=signing and tables.quote(signing))
            lines.append(f"    {{{row}}},")
    lines += ["    {.service = NULL},", "};"]
    return tables.NOTICE.format(what="Partitions and host names.") + "\n".join(lines) + "\n"
