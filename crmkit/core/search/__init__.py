"""What a search looks for and looks into, as pure rules: words of any script, readings, terms, queries and ranks."""

from crmkit.core.search.matching import Match as Match
from crmkit.core.search.matching import match as match
from crmkit.core.search.query import Query as Query
from crmkit.core.search.query import Unit as Unit
from crmkit.core.search.query import read_query as read_query
from crmkit.core.search.texts import RANKS as RANKS
from crmkit.core.search.texts import Rank as Rank
from crmkit.core.search.texts import Text as Text
