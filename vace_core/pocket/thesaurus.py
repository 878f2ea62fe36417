"""Everyday words for the concepts that the pocket model was trained on."""

from __future__ import annotations

CONCEPTS: dict[str, str] = {
    "material:chrome": "chrome silver mirror mirrored reflective mercury robot robotic android cyborg machine platinum"
    " aluminium aluminum titanium liquid-metal shiny",
    "material:gold": "gold golden brass bronze copper gilded treasure royal baroque egyptian pharaoh trophy amber"
    " honey",
    "material:wood": "wood wooden wicker oak timber bark log walnut cedar bamboo carved rustic log-cabin cork",
    "material:stone": "stone rock rocky granite concrete brick cement gravel boulder fossil ancient gothic cathedral"
    " castle ruin meteor asteroid statue sculpture brutalist",
    "material:glass": "glass glassy transparent crystal crystalline diamond see-through translucent bubble jelly lens"
    " prism quartz",
    "material:ice": "ice icy frozen frost frosty glacier iceberg icicle frostbitten",
    "material:lava": "lava molten magma fire fiery burning ember volcanic coal demon dragon hot blazing phoenix",
    "material:neon": "neon glowing luminous electric laser led hologram holographic fluorescent blacklight tron plasma"
    " glow rave synthwave",
    "material:velvet": "velvet red fabric cloth silk satin fur furry fluffy plush wool woolen felt crimson ruby blood"
    " textile knitted carpet rose",
    "material:clay": "clay terracotta ceramic earthen pottery mud muddy adobe claymation plasticine brown orange skin"
    " pumpkin leather",
    "material:marble": "marble alabaster roman greek classical michelangelo renaissance ivory bone skeleton pearl",
    "material:moss": "moss mossy overgrown leafy ivy plant fern vine hedge topiary mold mouldy botanical organic"
    " vegetal",
    "material:candy": "candy sugary sugar sweet lollipop bubblegum gum pink icing cake cupcake dessert barbie balloon"
    " toy plastic marshmallow strawberry sprinkle",
    "material:porcelain": "porcelain china delft enamel vase-like teacup ming glazed white ghost",
    "material:paper": "paper origami cardboard papercraft parchment papier-mache card book newspaper linen cotton",
    "material:slime": "slime slimy goo gooey alien toxic acid radioactive ooze zombie swamp monster green frog"
    " ectoplasm",
    "ground:grass": "grass grassy meadow lawn field pasture turf prairie park garden",
    "ground:sand": "sand sandy beach shore coast seaside",
    "ground:snow": "snowfield",
    "ground:water": "water lake pond river puddle pool sea wave wavy flood wet rippling",
    "ground:lava": "lavafield",
    "ground:stone": "pavement asphalt road cobblestone cliff mountain path moor",
    "ground:wood": "plank parquet deck stage table desk floorboard pier",
    "ground:marble": "palace ballroom",
    "ground:tiles": "tile tiles tiled checkerboard chessboard checkered chequered chess checker",
    "ground:neon": "grid dancefloor",
    "ground:flowers": "flower flowery floral blossom tulip daisy petal bloom wildflower poppy",
    "ground:metal": "metal metallic steel iron industrial factory spaceship-floor",
    "backdrop:day": "day daylight daytime blue-sky sunny sunshine noon morning cloud cloudy sky summer spring bright"
    " heaven heavenly",
    "backdrop:sunset": "sunset sunrise dusk dawn twilight evening golden-hour romantic sun horizon",
    "backdrop:storm": "storm stormy thunder thunderstorm lightning tempest hurricane gloomy ominous apocalypse"
    " apocalyptic dramatic overcast dark",
    "backdrop:night": "night nighttime moon moonlight moonlit midnight star starry nocturnal halloween spooky haunted",
    "backdrop:space": "space nebula galaxy galactic cosmos cosmic universe outer-space interstellar planet astral"
    " purple psychedelic dream dreamy magic magical fantasy wizard mystical",
    "backdrop:underwater": "underwater ocean submarine deep-sea reef coral aquarium marine fish mermaid atlantis teal"
    " aquatic",
    "backdrop:studio": "studio plain minimal minimalist gallery museum showroom product indoor room clean catalogue"
    " backdrop",
    "backdrop:city": "city lights street tokyo urban skyline downtown manhattan york skyscraper metropolis town"
    " nightclub club cyberpunk-city building-lights shibuya shanghai futuristic vegas",
    "backdrop:forest": "forest jungle wood-land woodland rainforest tropical amazon trees-behind nature wilderness"
    " fairy elf enchanted",
    "backdrop:aurora": "aurora borealis northern polar norway iceland lapland arctic antarctic",
    "backdrop:inferno": "inferno hell flame flaming wildfire volcano eruption mordor furnace infernal blaze doom",
    "backdrop:desert": "desert dune sahara dunes western canyon mars martian egypt cowboy mirage savanna",
    "palette:natural": "natural realistic photo photograph photorealistic photographic",
    "palette:warm": "warm cosy cozy autumn autumnal autumny fall yellow-toned orange-toned tungsten candlelit",
    "palette:cool": "cool cold bluish blue cyan chilly teal-toned moody",
    "palette:pastel": "pastel pale soft faded washed light delicate gentle watercolor watercolour airy bleached",
    "palette:vivid": "vivid saturated colorful colourful vibrant intense rich pop bold acid-colours cartoon comic"
    " anime pixar rainbow oversaturated popart",
    "palette:monochrome": "monochrome black-and-white grayscale greyscale grey gray noir bw charcoal pencil ink sketch"
    " black",
    "palette:sepia": "sepia vintage retro antique old nostalgic victorian daguerreotype",
    "weather:clear": "clear",
    "weather:rain": "rain rainy raining drizzle downpour monsoon shower",
    "weather:snow": "snow snowy snowing blizzard snowfall winter wintry snowflake christmas",
    "weather:fog": "fog foggy mist misty haze hazy smoke smoky steam steamy eerie",
    "noun:sphere": "sphere ball orb globe marble-ball bead round",
    "noun:box": "box cube block crate brick-shape dice",
    "noun:cylinder": "cylinder column pillar tube can pipe",
    "noun:torus": "torus ring donut doughnut wheel tyre hoop",
    "noun:cone": "cone pyramid spike",
    "noun:person": "person people man woman figure human dancer crowd child walker men women soldier knight hero"
    " warrior king queen ballerina",
    "noun:face": "face portrait head bust selfie",
    "noun:hand": "hand arm finger fist",
    "noun:animal": "animal horse dog cat cow creature beast wolf",
    "noun:tree": "tree trees palm pine",
    "noun:house": "house building tower hut cottage home",
    "noun:car": "car vehicle truck bus taxi",
    "noun:vessel": "bottle vase jar vessel cup mug bowl pot glassware lamp",
    "noun:blob": "blob amoeba lump splash drop",
    "noun:shard": "shape polygon shard triangle star-shape geometric",
}
"""The concepts, in the order of their token ids, and the words for each."""

STYLES: dict[str, tuple[str, ...]] = {
    "cyberpunk": ("material:neon", "backdrop:city", "weather:rain"),
    "bladerunner": ("material:neon", "backdrop:city", "weather:rain"),
    "vaporwave": ("material:neon", "ground:neon", "backdrop:sunset", "palette:pastel"),
    "outrun": ("material:neon", "ground:neon", "backdrop:sunset"),
    "steampunk": ("material:gold", "ground:metal", "palette:sepia"),
    "wonderland": ("material:candy", "ground:flowers", "backdrop:day"),
    "frostpunk": ("material:ice", "ground:metal", "backdrop:storm", "weather:snow"),
    "gothic": ("material:stone", "backdrop:night", "weather:fog"),
    "vangogh": ("material:gold", "backdrop:night", "palette:vivid"),
    "gogh": ("material:gold", "backdrop:night", "palette:vivid"),
    "monet": ("ground:flowers", "backdrop:day", "palette:pastel"),
    "impressionist": ("ground:flowers", "backdrop:day", "palette:pastel"),
    "surreal": ("material:glass", "ground:sand", "backdrop:space"),
    "dali": ("material:gold", "ground:sand", "backdrop:desert"),
    "postapocalyptic": ("material:stone", "backdrop:storm", "palette:sepia", "weather:fog"),
    "disco": ("material:chrome", "ground:neon", "backdrop:city"),
    "japanese": ("material:porcelain", "ground:flowers", "backdrop:day"),
    "zen": ("material:stone", "ground:sand", "backdrop:day"),
    "tundra": ("material:ice", "ground:snow", "backdrop:aurora"),
    "arctic": ("material:ice", "ground:snow", "backdrop:aurora"),
    "christmas": ("material:velvet", "ground:snow", "backdrop:night", "weather:snow"),
    "winter": ("ground:snow", "weather:snow"),
    "halloween": ("material:slime", "backdrop:night", "weather:fog"),
    "eden": ("material:moss", "ground:flowers", "backdrop:day"),
    "atlantis": ("material:marble", "ground:sand", "backdrop:underwater"),
    "volcano": ("material:lava", "ground:lava", "backdrop:inferno"),
    "hell": ("material:lava", "ground:lava", "backdrop:inferno"),
    "matrix": ("material:slime", "ground:neon", "backdrop:city"),
    "noir": ("backdrop:city", "palette:monochrome", "weather:rain"),
}
"""Words that mean several things at once. They give way to what else the prompt says."""

GROUND_TWINS: dict[str, str] = {
    "material:lava": "ground:lava", "material:stone": "ground:stone", "material:wood": "ground:wood",
    "material:marble": "ground:marble", "material:neon": "ground:neon", "material:ice": "ground:snow",
    "material:moss": "ground:grass", "material:chrome": "ground:metal", "material:clay": "ground:sand",
    "material:slime": "ground:grass", "material:glass": "ground:water", "weather:snow": "ground:snow",
    "backdrop:desert": "ground:sand", "backdrop:forest": "ground:grass",
    "backdrop:inferno": "ground:lava", "material:gold": "ground:sand", "material:candy": "ground:flowers",
    "material:porcelain": "ground:tiles", "material:velvet": "ground:wood", "material:paper": "ground:wood",
}  # fmt: skip
"""What a word means when it speaks of the ground ("lava floor", "on ice")."""
MATERIAL_TWINS: dict[str, str] = {
    "ground:metal": "material:chrome", "ground:flowers": "material:moss", "ground:water": "material:glass",
    "ground:sand": "material:stone", "ground:grass": "material:moss",
}  # fmt: skip
"""What a ground word means when it directly describes a thing ("metal man", "a sand castle")."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GROUND_WORDS = _words(
    """
    floor floors ground land landscape plain plains soil surface terrain underfoot
    """
)
LEADS = _words(
    """
    across atop on onto over upon
    """
)
FILLERS = _words(
    """
    3d 4k 8k a across an and animation are around art artwork as at atop background be beautiful
    behind best big by cgi cinematic color colors colour colours covered deep detailed down
    everything few film floor for foreground four from front full giant ground hd high highly huge
    image in into is it it's its large lighting like lit little look looking made made-of many
    masterpiece material movie near new no not object objects of on one onto or out over painting
    picture quality render rendered rendering scene small some streets style styled surface texture
    textured that the there thing things this three through tiny to tone toned tones turned turning
    two ultra under up upon very video view weather while white-ish with world
    """
)
"""Words that are understood but choose nothing."""
