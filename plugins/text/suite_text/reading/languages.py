"""Which names are codes of languages."""

from __future__ import annotations

import re

_CODES = """
ab aa af ak sq am ar an hy as av ae ay az bm ba eu be bn bh bi bs br bg my ca ch ce ny zh cv kw co cr
hr cs da dv nl dz en eo et ee fo fj fi fr ff gl ka de el gn gu ht ha he hz hi ho hu ia id ie ga ig ik
io is it iu ja jv kl kn kr ks kk km ki rw ky kv kg ko ku kj la lb lg li ln lo lt lu lv gv mk mg ms ml
mt mi mr mh mn na nv nd ne ng nb nn no ii nr oc oj cu om or os pa pi fa pl ps pt qu rm rn ro ru sa sc
sd se sm sg sr gd sn si sk sl so st es su sw ss sv ta te tg th ti bo tk tl tn to tr ts tt tw ty ug uk
ur uz ve vi vo wa cy wo fy xh yi yo za zu
deu eng fra spa ita por nld rus ukr pol ces slk slv hrv srp bul ron hun ell tur ara heb fas urd hin ben
tam tel mar guj pan mal kan zho jpn kor vie tha ind msa fil swe dan nor nob nno fin est lav lit isl gle
cat eus glg lat afr swa amh yue cmn ger fre dut chi cze gre per rum
"""
"""ISO 639-1, and the more frequent codes of ISO 639-2 and 639-3."""

_KNOWN = frozenset(_CODES.split())
_TAG = re.compile(r"([a-z]{2,3})(?:[_-][a-z0-9]{2,8})*", re.IGNORECASE)


def is_language(name: str) -> bool:
    """Whether a name is a language's code: en, deu, zh-Hans, pt_BR."""
    match = _TAG.fullmatch(name)
    return match is not None and match[1].lower() in _KNOWN
