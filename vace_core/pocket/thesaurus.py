"""Everyday words for the concepts that the pocket model was trained on."""

from __future__ import annotations

CONCEPTS: dict[str, str] = {
    "style:gold": "gold golden gilded treasure royal baroque egyptian pharaoh trophy amber honey opulent luxury",
    "style:chrome": "chrome silver mirror mirrored reflective mercury robot robotic android cyborg machine platinum"
    " aluminium aluminum titanium shiny liquid-metal metal metallic steel iron industrial factory"
    " spaceship-floor disco",
    "style:copper": "copper bronze brass patina verdigris rust rusty rusted corroded oxidised oxidized",
    "style:wood": "wood wooden wicker oak timber bark log walnut cedar bamboo carved rustic log-cabin cork plank"
    " parquet deck stage table desk floorboard pier mahogany lumber",
    "style:stone": "stone rock rocky granite concrete brick cement gravel boulder fossil ancient cathedral"
    " castle ruin meteor asteroid brutalist pavement asphalt road cobblestone cliff mountain path moor basalt",
    "style:marble": "marble alabaster roman greek classical michelangelo renaissance ivory bone pearl palace ballroom"
    " statue sculpture marbled",
    "style:jade": "jade emerald malachite nephrite turquoise opal gemstone gem mint",
    "style:ice": "ice icy frozen frost frosty glacier iceberg icicle frostbitten snowfield northern-ice polar-ice"
    " freezing",
    "style:glass": "glass glassy transparent crystal crystalline diamond see-through translucent bubble jelly lens"
    " prism quartz",
    "style:lava": "lava molten magma volcanic lavafield eruption ember mordor obsidian",
    "style:fire": "fire fiery burning coal demon dragon hot blazing phoenix inferno flame flaming wildfire furnace"
    " infernal blaze doom burn",
    "style:ocean": "ocean underwater submarine deep-sea reef coral aquarium marine fish mermaid teal aquatic water lake"
    " pond river puddle pool sea wave wavy flood wet rippling liquid",
    "style:moss": "moss mossy overgrown leafy ivy plant fern vine hedge topiary mold mouldy botanical organic vegetal"
    " grass grassy meadow lawn field pasture turf prairie park garden forest jungle wood-land woodland rainforest"
    " tropical amazon trees-behind nature wilderness fairy elf enchanted foliage leaf",
    "style:candy": "candy sugary sugar sweet lollipop bubblegum gum pink icing cake cupcake dessert barbie balloon toy"
    " plastic marshmallow strawberry sprinkle kawaii",
    "style:porcelain": "porcelain china delft enamel vase-like teacup ming glazed white ghost studio plain minimal"
    " minimalist gallery museum showroom product indoor room clean catalogue backdrop",
    "style:velvet": "velvet red fabric cloth silk satin fur furry plush crimson ruby blood rose curtain burgundy",
    "style:clay": "clay terracotta ceramic earthen pottery mud muddy adobe claymation plasticine brown orange skin"
    " pumpkin leather desert dune sahara dunes canyon mars martian mirage savanna sand sandy beach shore coast seaside",
    "style:paper": "paper origami cardboard papercraft papercut parchment papier-mache card book newspaper linen cotton"
    " collage",
    "style:slime": "slime slimy goo gooey alien toxic acid radioactive ooze zombie swamp monster green frog ectoplasm"
    " poison venom",
    "style:knit": "knit knitted wool woollen fluffy felt textile carpet embroidery embroidered crochet jumper sweater"
    " stitched yarn felted",
    "style:neon": "neon glowing luminous electric laser led fluorescent blacklight tron plasma glow rave grid"
    " dancefloor city lights street tokyo urban skyline downtown manhattan york skyscraper metropolis town nightclub"
    " club cyberpunk-city building-lights shibuya shanghai futuristic vegas cyber",
    "style:hologram": "hologram holographic projection sci-fi scifi hud holo cyan-light virtual",
    "style:aurora": "aurora borealis northern polar norway iceland lapland antarctic australis",
    "style:nebula": "nebula space galaxy galactic cosmos cosmic universe outer-space interstellar planet astral purple"
    " psychedelic dream dreamy magic magical fantasy wizard mystical stardust milky-way",
    "style:thermal": "thermal infrared heat heatmap thermography thermographic predator heat-vision",
    "style:x-ray": "x-ray xray skeleton radiograph radiography roentgen medical",
    "style:watercolour": "watercolour watercolor aquarelle flower flowery floral blossom tulip daisy petal bloom"
    " wildflower poppy gouache",
    "style:ink": "ink calligraphy sumi-e sumi brush inked manga shan-shui",
    "style:charcoal": "charcoal pencil sketch drawing graphite chalk crayon sketched hatching etching",
    "style:blueprint": "blueprint schematic technical architect engineering cyanotype drafting",
    "style:popart": "popart cartoon comic anime pixar halftone lichtenstein warhol screenprint poster",
    "style:stained-glass": "stained-glass window-glass leaded church tiffany vitrail kaleidoscope",
    "style:oil": "oil impasto brushstroke painterly canvas impressionistic expressionist palette-knife",
    "style:mosaic": "mosaic tile tiles tiled checkerboard chessboard checkered chequered chess checker tessera"
    " byzantine",
    "style:vaporwave": "vaporwave synthwave outrun retrowave eighties 80s miami",
    "style:pixel": "pixel pixelated pixelart 8-bit 8bit 16-bit minecraft voxel lego arcade nintendo gameboy videogame",
    "style:glitch": "glitch glitchy vhs datamosh distorted corrupted broken static rgb-split anaglyph",
    "style:matrix": "matrix code ascii terminal hacker digital binary computer",
    "palette:natural": "natural realistic photo photograph photorealistic photographic",
    "palette:warm": "warm cosy cozy autumn autumnal autumny fall yellow-toned orange-toned tungsten candlelit yellow",
    "palette:cool": "cool cold bluish blue cyan chilly teal-toned moody",
    "palette:pastel": "pastel pale soft faded washed light delicate gentle airy bleached",
    "palette:vivid": "vivid saturated colorful colourful vibrant intense rich pop bold acid-colours rainbow"
    " oversaturated",
    "palette:monochrome": "monochrome black-and-white grayscale greyscale grey gray bw black",
    "palette:sepia": "sepia vintage retro antique old nostalgic victorian daguerreotype",
    "time:day": "day daylight daytime blue-sky sunny sunshine noon morning cloud cloudy sky summer spring bright heaven"
    " heavenly",
    "time:sunset": "sunset sunrise dusk dawn twilight evening golden-hour romantic sun horizon western cowboy",
    "time:night": "night nighttime moon moonlight moonlit midnight star starry nocturnal spooky haunted dark",
    "weather:clear": "clear cloudless",
    "weather:rain": "rain rainy raining drizzle downpour monsoon shower storm stormy thunder thunderstorm lightning"
    " tempest hurricane gloomy dramatic",
    "weather:snow": "snow snowy snowing blizzard snowfall wintry snowflake",
    "weather:fog": "fog foggy mist misty haze hazy smoke smoky steam steamy eerie overcast ominous cloudscape",
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

ALIASES: dict[str, tuple[str, ...]] = {
    "cyberpunk": ("style:neon", "time:night", "weather:rain"),
    "bladerunner": ("style:neon", "time:night", "weather:rain"),
    "steampunk": ("style:copper", "palette:sepia"),
    "wonderland": ("style:candy", "palette:pastel"),
    "frostpunk": ("style:ice", "weather:snow"),
    "gothic": ("style:stone", "time:night", "weather:fog"),
    "vangogh": ("style:oil", "palette:vivid"),
    "gogh": ("style:oil", "palette:vivid"),
    "monet": ("style:oil", "palette:pastel"),
    "impressionist": ("style:oil", "palette:pastel"),
    "surreal": ("style:glass", "time:sunset"),
    "dali": ("style:oil", "time:sunset"),
    "apocalypse": ("style:fire", "weather:fog"),
    "apocalyptic": ("style:fire", "weather:fog"),
    "postapocalyptic": ("style:stone", "palette:sepia", "weather:fog"),
    "japanese": ("style:ink",),
    "zen": ("style:ink", "weather:fog"),
    "tundra": ("style:ice", "weather:snow"),
    "arctic": ("style:ice", "weather:snow"),
    "christmas": ("style:knit", "time:night", "weather:snow"),
    "winter": ("style:ice", "weather:snow"),
    "halloween": ("style:slime", "time:night", "weather:fog"),
    "eden": ("style:moss", "palette:vivid"),
    "atlantis": ("style:ocean", "palette:cool"),
    "egypt": ("style:gold", "time:sunset"),
    "volcano": ("style:lava", "time:night"),
    "hell": ("style:fire", "time:night"),
    "noir": ("palette:monochrome", "time:night", "weather:rain"),
    "stormy-sea": ("style:ocean", "weather:rain"),
}
"""Words that mean several things at once. They give way to what else the prompt says."""

PHRASES: dict[str, str] = {
    "black and white": "monochrome",
    "northern lights": "aurora",
    "outer space": "space",
    "milky way": "space",
    "blue sky": "day",
    "clear sky": "cloudless",
    "golden hour": "sunset",
    "city lights": "city",
    "deep sea": "underwater",
    "under water": "underwater",
    "under the sea": "underwater",
    "van gogh": "vangogh",
    "new york": "city",
    "blade runner": "bladerunner",
    "high contrast": "vivid",
    "chess board": "chessboard",
    "pop art": "popart",
    "liquid metal": "chrome",
    "dance floor": "dancefloor",
    "post apocalyptic": "postapocalyptic",
    "old photo": "sepia",
    "snow field": "snowfield",
    "stained glass": "stained-glass",
    "x ray": "x-ray",
    "heat camera": "thermal",
    "heat map": "thermal",
    "night vision": "matrix",
    "ink wash": "ink",
    "water colour": "watercolour",
    "water color": "watercolour",
    "technical drawing": "blueprint",
    "paper cut": "paper",
    "sci fi": "scifi",
    "8 bit": "8-bit",
    "16 bit": "16-bit",
    "video game": "videogame",
    "computer code": "code",
}
"""Several words that mean one."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILLERS = _words(
    """
    3d 4k 8k a across an and animation are around art artwork as at atop background be beautiful
    behind best big by camera cgi cinematic color colors colour colours covered deep detailed down
    everything few film filter floor floors for foreground four from front full giant ground hd high highly huge
    image in into is it it's its land landscape large lighting like lit little look looking made made-of many
    masterpiece material mode movie near new no not object objects of on one onto or out over painted painting
    picture plains quality render rendered rendering scene small soil some streets style styled surface terrain
    texture textured that the there thing things this three through tiny to tone toned tones turned turning
    two ultra under underfoot up upon very video view weather while white-ish with world
    """
)
"""Words that are understood but choose nothing."""
