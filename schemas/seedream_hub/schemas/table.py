"""Put the raw table of limits together: the packaged JSON, a user's own over it, every `like` resolved. Pure."""

from typing import Any, TypeAlias, cast

from .language import listed, say

Json: TypeAlias = dict[str, Any]  # parsed JSON whose shape the models of `limits` check


def assembled(packaged: Json, own: Json) -> Json:
    """Return the whole table, ready for the models of `limits`.

    Raises:
        ValueError: If the user's own file has a part that is in no table or of another shape, or names what is not
            there.
    """
    if strange := set(own or {}) - set(packaged):
        raise ValueError(
            say(
                "{names} is no part of the table; it can be {parts}",
                names=listed(sorted(strange)),
                parts=listed(packaged),
            )
        )
    shipped = _expanded(packaged)
    raw = _drawn_too(_expanded(_merged(shipped, own or {})), shipped, own or {})
    whole = say("the table")
    keep = {key: _part(raw, key, whole) for key in ("as_of", "sources", "call", "per_usd")}
    tables, unknown = (_part(raw, key, whole) for key in ("size_tables", "unknown_model"))
    providers = {key: _named(f"providers.{key}", value, tables) for key, value in raw["providers"].items()}
    unknown = {**unknown, "size": _with_tables(unknown["size"], tables)}
    return {**keep, "unknown_model": unknown, "providers": providers}


def _merged(base: Json, patch: Json) -> Json:
    """Apply a JSON merge patch (RFC 7396): mappings merge, null removes, the rest replaces."""
    merged = dict(base)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif key not in merged and isinstance(value, dict) and "like" in value:
            merged[key] = value  # its nulls are for what it is like
        elif isinstance(value, dict):
            below = merged.get(key)
            merged[key] = _merged(cast(Json, below) if isinstance(below, dict) else {}, cast(Json, value))
        else:
            merged[key] = value
    return merged


def _like(raw: Json, entry: Json, provider: str | None) -> Json:
    """Resolve an entry's `like` against the raw table, for a provider (`ark`) or a model (`ark/name`)."""
    path = entry.get("like")
    if path is None:
        return entry
    rest = {key: value for key, value in entry.items() if key != "like"}
    where, _, model = str(path).rpartition("/") if provider else (path, "", "")
    where = where or provider
    if where not in raw["providers"]:
        raise ValueError(say("there is no provider {provider}", provider=where))
    other = _like(raw, raw["providers"][where], None)
    if provider is None:
        return _merged(other, rest)
    if model not in other["models"]:
        raise ValueError(say("there is no model {model} at {provider}", model=model, provider=where))
    return _merged(_like(raw, other["models"][model], where), rest)


def _expanded(raw: Json) -> Json:
    """Return the raw table with every `like` resolved."""
    providers: dict[str, Json] = {}
    for name in _object(raw, "providers", ""):
        whole = _like(raw, _object(raw["providers"], name, "providers"), None)
        models = _object(whole, "models", f"providers.{name}")
        each = {key: _like(raw, _object(models, key, f"providers.{name}.models"), name) for key in models}
        providers[name] = {**whole, "models": each}
    return {**raw, "providers": providers}


def _drawn_too(raw: Json, shipped: Json, own: Json) -> Json:
    """Let the sandbox draw the models a user adds to Ark: each as the one it is `like`, under its id, for nothing."""
    ark: Json | None = raw["providers"].get("ark")
    sandbox: Json | None = raw["providers"].get("sandbox")
    if ark is None or sandbox is None:
        return raw
    added: Json = own.get("providers", {}).get("ark", {}).get("models", {})
    drawn: Json = dict(sandbox["models"])
    for name, model in ark["models"].items():
        is_new = name not in shipped["providers"]["ark"]["models"] and name not in drawn
        if is_new and (base := _base_of(name, added, drawn)):
            sources = {key: source for key, source in base["sources"].items() if key == "price"}
            drawn[name] = {
                **model,
                "ids": [*base["ids"], *model.get("ids", [])],
                "lifecycle": base["lifecycle"],
                "price": base.get("price"),
                "sources": {**model.get("sources", {}), **sources},
            }
    return {**raw, "providers": {**raw["providers"], "sandbox": {**sandbox, "models": drawn}}}


def _base_of(name: str, added: Json, drawn: Json) -> Json | None:
    """Follow `like` from an added model to one the sandbox has."""
    while added.get(name, {}).get("like"):
        name = str(added[name]["like"]).rpartition("/")[2]
    return drawn.get(name)


def _named(where: str, provider: Json, tables: Json) -> Json:
    """Give each model its name, and put the shared size tables in place of their names."""
    models: dict[str, Json] = {}
    for key, model in provider["models"].items():
        _part(model, "size", f"{where}.models.{key}")
        size = _with_tables(_object(model, "size", f"{where}.models.{key}"), tables)
        models[key] = {**model, "name": key, "size": size}
    return {**provider, "models": models}


def _with_tables(size: Json, tables: Json) -> Json:
    named: dict[str, Json] = {}
    for tier, table in (_object(size, "recommended", "size") if "recommended" in size else {}).items():
        if isinstance(table, str) and table not in tables:
            raise ValueError(say("there is no size table {table}", table=table))
        named[tier] = tables[table] if isinstance(table, str) else table
    return {**size, "recommended": named}


def _object(parent: Json, key: str, where: str) -> Json:
    """Return a part that must be an object."""
    value = _part(parent, key, where)
    if not isinstance(value, dict):
        name = f"{where}.{key}".lstrip(".")
        raise ValueError(say("{name} is no object", name=name))  # noqa: TRY004 - one kind of error for a bad table
    return cast("Json", value)


def _part(parent: Json, key: str, where: str) -> Any:  # noqa: ANN401 - parsed JSON
    """Return a part that must be there."""
    if key not in parent:
        raise ValueError(say("{part} has no {name}", part=where, name=key))
    return parent[key]
