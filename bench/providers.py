"""The generated parts of docs/providers/: what each provider needs, its models' limits, prices and sources."""

from seedream_hub.schemas.limits import FieldRules, Limits, ModelLimits, PriceStep, ProviderLimits, ReferenceRules
from seedream_hub.schemas.size import as_share
from seedream_hub.server.settings import PROVIDERS, Settings, variable_of

UPSTREAMS = [name for name in PROVIDERS if name != "sandbox"]


def overview_table(limits: Limits) -> str:
    """Return a row for each provider."""
    lines = ["| provider | key | models | regions | streams | Base64 | prices |", "|---|---|---|---|---|---|---|"]
    for name in UPSTREAMS:
        rules = limits.providers[name]
        models = [model for model in rules.models.values() if model.lifecycle.state != "ended"]
        cells = [
            f"[{rules.label}]({name}.md)",
            f"`{variable_of(f'{name}_api_key')}`",
            ", ".join(model.name.removeprefix("seedream-") for model in models),
            ", ".join(region for region in rules.base_urls if region != "default"),
            "yes" if any(model.stream for model in models) else "no",
            "yes" if any("response_format" in model.fields for model in models) else "no",
            "known" if all(model.price for model in models) else "not known",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def access_table(provider: str, limits: Limits) -> str:
    """Return what to set, where requests go, and how many pictures a minute are documented."""
    rules = limits.providers[provider]
    paces = {model.images_per_minute for model in rules.models.values() if model.lifecycle.state == "current"}
    pace = ", ".join(f"{count} images a minute for each model" for count in sorted(filter(None, paces)))
    settings = [name for name in Settings.model_fields if name.startswith(f"{provider}_")]
    rows = {
        "name": f"`SEEDREAM_PROVIDER={provider}`",
        "settings": ", ".join(f"`{variable_of(name)}`" for name in settings),
        "base URL": _addresses(rules),
        "default model": f"`{rules.default_model}`",
        "links live": f"{rules.link_lifetime_s // 3600} hours",
        "at most": f"{pace} and account (`SEEDREAM_IMAGES_PER_MINUTE`)" if pace else "no rate is documented",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def models_table(provider: str, limits: Limits) -> str:
    """Return each model's price, lifecycle, sizes, sets, options and ids: what is asked for first stands first."""
    head = "| model | price an image | lifecycle | tiers | pixels | set | stream | options | id |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    for model in limits.providers[provider].models.values():
        cells = [
            f"`{model.name}`",
            price_of(model) + _surcharge(model),
            lifecycle_of(model),
            " ".join(model.size.tiers),
            _pixels(model),
            str(model.group.max_images) if model.group.max_images > 1 else "no",
            "yes" if model.stream else "no",
            ", ".join(_option(name, model) for name in model.fields if name != "n"),
            ", ".join(f"`{one}`" for one in model.ids),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    notes = [*_endings(limits.providers[provider]), *_layers(limits.providers[provider])]
    return "\n".join([*lines, *(f"\n{note}" for note in notes)])


def _endings(rules: ProviderLimits) -> list[str]:
    return [
        f"`{model.name}` ends on {ends:%Y-%m-%d at %H:%M} ({ends:%Z}); from then on the server refuses it"
        + (f", and names `{instead}`." if (instead := model.lifecycle.use_instead) else ".")
        for model in rules.models.values()
        if (ends := model.lifecycle.ends)
    ]


def _layers(rules: ProviderLimits) -> list[str]:
    counts = {field.most_pictures for model in rules.models.values() for field in model.fields.values()}
    return [
        f"`layer_decomposition` takes one picture and may bring {count}: a base and its layers. Each is billed; the\n"
        f"estimate is for all {count} ([money.md](../money.md#before-anything-is-sent)), and the provider counts\n"
        f"{count} against the images a minute."
        for count in filter(None, counts)
    ]


def references_table(provider: str, limits: Limits) -> str:
    """Return what each model takes as a reference, models with the same rules together."""
    holders: dict[str, list[str]] = {}
    for model in limits.providers[provider].models.values():
        for use, cells in _uses(model):
            holders.setdefault(cells, []).append(f"`{model.name}`{use}")
    lines = ["| models | most | formats | size | sides | pixels | ratio | as |", "|---|---|---|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {', '.join(names)} | {cells} |" for cells, names in holders.items())])


def sources_list(provider: str, limits: Limits) -> str:
    """Return the documents behind the figures."""
    models = limits.providers[provider].models.values()
    names = dict.fromkeys(name for model in models for name in model.sources.values())
    return "\n".join(f"- {limits.sources[name]}" for name in names)


def price_of(model: ModelLimits) -> str:
    """Say what an image costs."""
    if model.price is None:
        return "not known"
    layers = f", a layer {_steps(model.price.layer_steps)}" if model.price.layer_steps else ""
    return f"{_steps(model.price.steps)} {model.price.currency}{layers}"


def _steps(steps: tuple[PriceStep, ...]) -> str:
    first, *others = steps
    return f"{first.amount:g}" + "".join(f", above {first.up_to_pixels:,} px {step.amount:g}" for step in others)


def lifecycle_of(model: ModelLimits) -> str:
    """Say whether and until when a model is served."""
    ends = f" {model.lifecycle.ends:%Y-%m-%d %H:%M %Z}" if model.lifecycle.ends else ""
    instead = f", use `{model.lifecycle.use_instead}`" if model.lifecycle.use_instead else ""
    return f"{model.lifecycle.state}{ends}{instead}"


def _surcharge(model: ModelLimits) -> str:
    extra = model.price.per_reference if model.price else 0
    return f", {extra:g} a reference after the first" if extra else ""


def _addresses(rules: ProviderLimits) -> str:
    if not rules.base_urls:
        return "none documented: yours must be set"
    if len(rules.base_urls) == 1:
        return ", ".join(f"`{url}`" for url in rules.base_urls.values()) + _files(rules)
    return ", ".join(f"`{url}` ({region})" for region, url in rules.base_urls.items())


def _files(rules: ProviderLimits) -> str:
    return f", files to `{rules.files_url}`" if rules.files_url else ""


def _pixels(model: ModelLimits) -> str:
    if not model.size.takes_pixels:
        return "no: ratios"
    ratio = ", ratio {} to {}".format(*map(as_share, model.size.ratio)) if model.size.ratio else ""
    window = "{:,} to {:,}".format(*model.size.pixels) if model.size.pixels else "any"
    return window + ratio


def _option(name: str, model: ModelLimits) -> str:
    values = model.fields[name].values
    return f"`{name}`" + (f" ({', '.join(values)})" if values and name == "optimize_prompt" else "")


def _uses(model: ModelLimits) -> list[tuple[str, str]]:
    """Return what a reference must be like: in general, and for each option that asks for more of it."""
    narrower = [
        (f" with `{name}`", model.references.model_copy(update=stricter))
        for name, field in model.fields.items()
        if (stricter := _stricter(field))
    ]
    return [(use, _reference_cells(rules)) for use, rules in [("", model.references), *narrower]]


def _stricter(field: FieldRules) -> dict[str, object]:
    most = 1 if field.most_pictures else None  # one picture is taken apart into several
    rules = {"max": most, "formats": field.reference_formats, "pixels": field.reference_pixels}
    return {name: rule for name, rule in rules.items() if rule}


def _reference_cells(rules: ReferenceRules) -> str:
    if not rules.max:
        return "none | | | | | |"[:-2]
    narrow, wide = rules.ratio or (0, 0)
    cells = [
        str(rules.max),
        " ".join(rules.formats or ()),
        f"{(rules.max_bytes or 0) // 2**20} MB",
        f"above {rules.min_side_exclusive} px",
        "{:,} to {:,}".format(*rules.pixels) if rules.pixels else "",
        f"{as_share(narrow)} to {as_share(wide)}",
        "link or data URI" if rules.data_uri else "link (files are uploaded)",
    ]
    return " | ".join(cells)
